// Tells what loading the entry points loads, and whether both kinds of module give the same.
const found = {};

function look(name) {
  const before = Object.keys(require.cache);
  const module = require(name);
  const loaded = Object.keys(require.cache).filter((path) => !before.includes(path));
  found[name] = { loaded, module };
}

async function compare(name) {
  const { loaded, module } = found[name];
  const before = Object.keys(require.cache);
  const imported = await import(name);
  const byImport = Object.keys(require.cache).filter((path) => !before.includes(path));
  const names = Object.keys(module);
  const missing = [...names, ...Object.keys(imported)].filter(
    (one) => module[one] === undefined || !(one in imported),
  );
  const different = names.filter((one) => module[one] !== imported[one]);
  return [name, { loaded, byImport, names: names.length, missing, different }];
}

const entries = ['gpuring', 'gpuring/testing'];

async function compareAll() {
  const answers = [];
  for (const name of entries) answers.push(await compare(name));
  console.log(JSON.stringify(Object.fromEntries(answers)));
}

for (const name of entries) look(name);
compareAll();
