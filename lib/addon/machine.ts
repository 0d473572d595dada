/** What decides whether a compiled library runs here. */
export interface Machine {
  platform: string;
  arch: string;
  /** Version of the C library that Node runs on; undefined where it is not glibc. */
  glibc: string | undefined;
}

export function thisMachine(): Machine {
  return { platform: process.platform, arch: process.arch, glibc: glibcVersion() };
}

/** Node tells it in its diagnostic report. */
function glibcVersion(): string | undefined {
  if (process.platform !== 'linux') return undefined;
  const { header } = process.report.getReport() as { header?: { glibcVersionRuntime?: string } };
  return header?.glibcVersionRuntime;
}
