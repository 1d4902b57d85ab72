// Keeps requests open at a server until it is killed: argv is the port, how many, and their body.
const { request } = require('node:http');

const [port, count, body] = process.argv.slice(2);
for (let index = 0; index < Number(count); index += 1) {
  const asked = request({ port, method: 'POST', agent: false });
  asked.on('error', () => {});
  asked.end(body);
}
