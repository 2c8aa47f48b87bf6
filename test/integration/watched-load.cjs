// node watched-load.cjs BUNDLE: loads a bundle and, by `ready()`, all its verbs; prints what was asked of the process and
// the host meanwhile, each with from where, as JSON.
const { readFileSync, writeSync } = require('node:fs');
const { dirname, join } = require('node:path');
const { runInThisContext } = require('node:vm');

const [, , file] = process.argv;
const wrapper = `(function (exports, require, module, __filename, __dirname) {${readFileSync(file, 'utf8')}\n})`;
const wrapped = runInThisContext(wrapper, { filename: file });

// what main.cjs and run.cjs read of themselves, once a verb asks for it (src/boot/far.ts)
const far = join(dirname(file), file.endsWith('run.cjs') ? 'run-far.cjs' : 'far.cjs');
// and whether others may write that
const own = new Set([far, dirname(far), dirname(dirname(far))]);
const isOwn = (name, [path]) => name === 'fs' && own.has(path);

const asked = [];
const tell = (what) => {
  const lines = new Error().stack.split('\n');
  const from = lines.find((line) => line.includes(file) || line.includes(far));
  // node's own modules look about them, too, when they are loaded
  if (from) asked.push(`${what} ${from.trim()}`);
};

function watchObject(name, object) {
  return new Proxy(object, {
    get: (target, key) => {
      tell(`${name}.${String(key)}`);
      return Reflect.get(target, key);
    },
    has: (target, key) => {
      tell(`${name}.${String(key)}`);
      return Reflect.has(target, key);
    },
    ownKeys: (target) => {
      tell(name);
      return Reflect.ownKeys(target);
    },
  });
}

function watchCalls(name, object, members) {
  for (const key of members) {
    const real = object[key];
    object[key] = (...args) => {
      if (!isOwn(name, args)) tell(`${name}.${key}`);
      return Reflect.apply(real, object, args);
    };
  }
}

function watchMembers(name, object, members) {
  for (const key of members) {
    const { get, value } = Object.getOwnPropertyDescriptor(object, key);
    Object.defineProperty(object, key, {
      get: () => {
        tell(`${name}.${key}`);
        return get ? Reflect.apply(get, object, []) : value;
      },
    });
  }
}

const functionsOf = (module) =>
  Object.keys(module).filter((key) => typeof module[key] === 'function' && /^[a-z]/.test(key));
for (const name of ['fs', 'os', 'child_process']) watchCalls(name, require(name), functionsOf(require(name)));
watchCalls('process', process, 'cwd getuid geteuid getgid getegid umask hrtime uptime dlopen'.split(' '));
watchMembers('process', process, 'argv execPath execArgv pid ppid stdin stdout stderr'.split(' '));
process.env = watchObject('env', process.env);
watchCalls('Date', Date, ['now']);
watchCalls('Math', Math, ['random']);
watchCalls('performance', performance, ['now']);
globalThis.Date = new Proxy(Date, {
  construct: (target, args) => {
    if (args.length === 0) tell('new Date');
    return Reflect.construct(target, args);
  },
});

const module_ = { exports: {} };
wrapped(module_.exports, require, module_, file, dirname(file));
module_.exports.ready().then(() => writeSync(1, JSON.stringify(asked)));
