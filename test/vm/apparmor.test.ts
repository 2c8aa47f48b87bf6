// The default profile, on a kernel that has AppArmor. First of its suite, and looked at while it is loaded: who runs a
// container, as the other files do before their tests, loads the profile.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sh, tinyrun } from './support.ts';

const has = () => /^tinyrun-default \(/m.test(readFileSync('/sys/kernel/security/apparmor/profiles', 'utf8'));
const explained = () => tinyrun('run', '--explain', 'busybox', 'true').stdout;

const before = has();
const plan = explained();
const after = has();

test('a plan that is looked at loads nothing; one that runs does, once', () => {
  assert.deepEqual([before, after], [false, false]);
  assert.match(plan, /^ +1 +host +write\("\/sys\/kernel\/security\/apparmor\/\.replace", \d+ bytes\)/m);
  const { stdout, stderr } = sh([], 'cat /proc/self/attr/current; echo 1 >/proc/sys/kernel/panic');
  assert.equal(stdout, 'tinyrun-default (enforce)\n', stderr);
  assert.equal(has(), true);
  assert.doesNotMatch(explained(), /apparmor\/\.replace/);
});
