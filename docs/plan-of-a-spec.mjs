// The plan of an OCI spec, compiled and printed: nothing of it runs, so this needs neither root nor an image.
//
//   node docs/plan-of-a-spec.mjs
import { compile, defaultSpec, explainPlan, hostFacts } from 'tinyrun';

const spec = defaultSpec();
spec.process.args = ['/bin/echo', 'hello'];
spec.hostname = 'example';
spec.mounts.push({ destination: '/data', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'size=16m'] });

// What a spec does not say: a name, and where its files are.
const { plan, warnings } = compile(spec, hostFacts(), {
  id: 'example',
  bundle: '/srv/example',
  rootfs: { kind: 'directory', path: '/srv/example/rootfs' },
  wait: { kind: 'exec' },
  onMissingController: 'warn',
});

for (const warning of warnings) console.error(`warning: ${warning}`);
process.stdout.write(explainPlan(plan));
const mounts = plan.steps.filter((step) => step.lane === 'container' && /mount/i.test(step.op));
console.log(`${mounts.length} of them are about mounts`);
