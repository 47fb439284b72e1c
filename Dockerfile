# PodTwin as an image, for linux/amd64 and linux/arm64 alike: nothing here asks for the processor.
#
#   docker build -t podtwin:local .
#   docker buildx build --platform linux/amd64,linux/arm64 -t podtwin:local .
#
# Where the package indexes are mirrors: --build-arg PIP_INDEX_URL=... NPM_CONFIG_REGISTRY=...
# docs/deployment.md says how to fix the base image by its digest.

# The wheel holds no machine code, so it is built once, on the builder's own processor: the six
# packages, and the page, by the Node of requirements/node.txt.
FROM --platform=$BUILDPLATFORM python:3.11.14-slim-bookworm AS wheel
ARG PIP_INDEX_URL
ARG NPM_CONFIG_REGISTRY
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /build
COPY requirements/build.txt requirements/node.txt requirements/node.in requirements/
RUN pip install --require-hashes -r requirements/build.txt \
    && pip install --require-hashes -r requirements/node.txt
COPY pyproject.toml hatch_build.py README.md LICENSE ./
COPY podcore podcore
COPY ingest ingest
COPY twin twin
COPY analytics analytics
COPY simulators simulators
COPY podtwin podtwin
RUN python -m hatchling build -t wheel -d /dist

# The libraries as the lock has them, from wheels alone: a run image needs no compiler.
FROM python:3.11.14-slim-bookworm AS packages
ARG PIP_INDEX_URL
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
COPY requirements/run.txt /build/run.txt
RUN python -m venv /opt/podtwin \
    && /opt/podtwin/bin/pip install --only-binary :all: --require-hashes -r /build/run.txt
COPY --from=wheel /dist /dist
RUN /opt/podtwin/bin/pip install --no-deps --no-index /dist/*.whl \
    && /opt/podtwin/bin/pip uninstall --yes --quiet setuptools pip

FROM python:3.11.14-slim-bookworm
# The number is fixed, so that a volume outlives the image that first wrote to it.
RUN groupadd --gid 10001 podtwin \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/podtwin \
        --shell /usr/sbin/nologin podtwin \
    && install -d -o 10001 -g 10001 -m 0750 /var/lib/podtwin /var/lib/influx-tokens
COPY --from=packages /opt/podtwin /opt/podtwin
ENV PATH=/opt/podtwin/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /var/lib/podtwin
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
# Alive, not ready: a broker that is away is no reason to start this program again.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["podtwin"]
CMD ["run"]
