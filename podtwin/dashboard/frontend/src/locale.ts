/**
 * A guard for browsers whose language is not a language tag.
 *
 * uPlot makes an `Intl.NumberFormat(navigator.language)` while it is imported. In a container with locale C
 * or POSIX that throws a RangeError and the page would stay blank, so uPlot is imported behind this guard only.
 */

const SAFE_LANGUAGE = "en-GB";

export function isLanguageTag(language: string): boolean {
  try {
    new Intl.NumberFormat(language);
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export function guardLanguage(where: { language: string } = navigator): void {
  if (where.language && isLanguageTag(where.language)) return;
  Object.defineProperty(where, "language", { value: SAFE_LANGUAGE, configurable: true });
}
