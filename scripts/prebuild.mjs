// `npm run prebuildify`: the addon as it ships, prebuilds/linux-<arch>/gpuring.glibc.node. prebuildify
// moves its result out of build/, so a copy goes back for everyday work.
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { addon, build, prebuilds } from './build.mjs';
import { nodeDirectory } from './node-packages.mjs';
import { bin, capture, main, root } from './process.mjs';
import { markCurrent } from './stamps.mjs';

export function prebuild() {
  build();
  const env = { npm_config_nodedir: nodeDirectory() };
  capture(bin('prebuildify'), ['--napi', '--strip', '--tag-libc'], { env });
  const made = join(root, prebuilds, 'gpuring.glibc.node');
  copyFileSync(made, join(root, addon.outputs[0]));
  markCurrent(addon);
  return made;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) main(prebuild);
