// Prints the shape of an addon's exports: `node exports.cjs addon.node`.
function shape(value) {
  if (Array.isArray(value)) return value.map(shape);
  if (typeof value === 'function') {
    const methods = value.prototype ? Object.getOwnPropertyNames(value.prototype).sort() : [];
    return ['function', ...methods];
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, shape(value[key])]),
  );
}

console.log(JSON.stringify(shape(require(require('node:path').resolve(process.argv[2])))));
