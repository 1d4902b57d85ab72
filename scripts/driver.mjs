// Whether a real NVIDIA driver answers here, asked as a user of the package would. After a build.
import { capture } from './process.mjs';

const question = "require('./dist').isAvailable().then((found) => console.log(found))";

export function driverAnswers() {
  return capture(process.execPath, ['-e', question]).trim() === 'true';
}
