// `npm run prebuildify`: the addon as it ships, prebuilds/linux-<arch>/gpuring.glibc.node. The tool
// moves its result out of build/, so a copy goes back for everyday work. (As `prebuild`, npm would
// run this before every `build`.)
import { join } from 'node:path';
import { addon, build, prebuilds, replaceFile } from './build.mjs';
import { nodeDirectory } from './node-packages.mjs';
import { bin, capture, main, root } from './process.mjs';
import { markCurrent } from './stamps.mjs';

export function prebuild() {
  build();
  const env = { npm_config_nodedir: nodeDirectory() };
  capture(bin('prebuildify'), ['--napi', '--strip', '--tag-libc'], { env });
  const made = `${prebuilds}/gpuring.glibc.node`;
  replaceFile(made, addon.outputs[0]);
  markCurrent(addon);
  return join(root, made);
}

main(import.meta.url, prebuild);
