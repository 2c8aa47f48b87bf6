// The default profile, on a kernel that has AppArmor. First of its suite: who runs a container loads it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { sh, tinyrun } from './support.ts';

const has = () => /^tinyrun-default \(/m.test(readFileSync('/sys/kernel/security/apparmor/profiles', 'utf8'));
const explained = () => tinyrun('run', '--explain', 'busybox', 'true').stdout;

test('a plan that is looked at loads nothing; one that runs does, once', () => {
  assert.equal(has(), false);
  assert.match(
    explained(),
    /^ +1 +host +write\("\/sys\/kernel\/security\/apparmor\/\.replace", \d+ bytes\)/m,
  );
  assert.equal(has(), false);
  const { stdout, stderr } = sh([], 'cat /proc/self/attr/current; echo 1 >/proc/sys/kernel/panic');
  assert.equal(stdout, 'tinyrun-default (enforce)\n', stderr);
  assert.equal(has(), true);
  assert.doesNotMatch(explained(), /apparmor\/\.replace/);
});
