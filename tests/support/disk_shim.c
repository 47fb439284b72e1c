/* Makes a disk fail for one file, in a process that was started with this library preloaded.
 *
 * FAULT_SWITCH names a file. While it is there, its first letter says what fails for files whose
 * path holds FAULT_PATH: 's' the syncs with EIO, 'r' all writes with EROFS, 'f' with ENOSPC.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

static char fault(int fd) {
    const char *name = getenv("FAULT_SWITCH"), *part = getenv("FAULT_PATH");
    char link[64], path[4096], letter = 0;
    int saved = errno, file;
    ssize_t size;
    if (!name || !part || (file = open(name, O_RDONLY | O_CLOEXEC)) < 0) {
        errno = saved;
        return 0;
    }
    if (read(file, &letter, 1) != 1) letter = 0;
    close(file);
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    size = readlink(link, path, sizeof path - 1);
    path[size > 0 ? size : 0] = 0;
    errno = saved;
    return strstr(path, part) ? letter : 0;
}

static int refused(int fd) {
    char letter = fault(fd);
    if (letter == 'r') errno = EROFS;
    if (letter == 'f') errno = ENOSPC;
    return letter == 'r' || letter == 'f';
}

#define NEXT(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *data, size_t size) {
    return refused(fd) ? -1 : NEXT(write)(fd, data, size);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) {
    return refused(fd) ? -1 : NEXT(pwrite)(fd, data, size, at);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at) {
    return refused(fd) ? -1 : NEXT(pwrite64)(fd, data, size, at);
}
int fsync(int fd) {
    if (fault(fd) == 's') { errno = EIO; return -1; }
    return NEXT(fsync)(fd);
}
int fdatasync(int fd) {
    if (fault(fd) == 's') { errno = EIO; return -1; }
    return NEXT(fdatasync)(fd);
}
