// Preloaded: makes the process look like one on GPURING_FAKE_PLATFORM. On musl node-gyp-build finds
// no binary (it reads LIBC), and Node's report names no glibc.
const platform = process.env.GPURING_FAKE_PLATFORM;

if (platform === 'musl') {
  process.report.getReport = () => ({ header: {} });
} else {
  Object.defineProperty(process, 'platform', { value: platform });
  require('node:os').platform = () => platform;
}
