import { byPlace, type Problem } from '../../dockerfile/problem.ts';
import { consistentInstructionCasing } from './consistent-instruction-casing.ts';
import { duplicateStageName } from './duplicate-stage-name.ts';
import { exposeInvalidFormat } from './expose-invalid-format.ts';
import { exposeProtoCasing } from './expose-proto-casing.ts';
import { fromAsCasing } from './from-as-casing.ts';
import { fromPlatformFlagConstDisallowed } from './from-platform-flag-const-disallowed.ts';
import { invalidDefaultArgInFrom } from './invalid-default-arg-in-from.ts';
import { invalidDefinitionDescription } from './invalid-definition-description.ts';
import { jsonArgsRecommended } from './json-args-recommended.ts';
import { legacyKeyValueFormat } from './legacy-key-value-format.ts';
import { maintainerDeprecated } from './maintainer-deprecated.ts';
import { multipleInstructionsDisallowed } from './multiple-instructions-disallowed.ts';
import { noEmptyContinuation } from './no-empty-continuation.ts';
import { redundantTargetPlatform } from './redundant-target-platform.ts';
import { reservedStageName } from './reserved-stage-name.ts';
import type { Looked, Rule } from './rule.ts';
import { secretsUsedInArgOrEnv } from './secrets-used-in-arg-or-env.ts';
import { stageNameCasing } from './stage-name-casing.ts';
import { undefinedArgInFrom } from './undefined-arg-in-from.ts';
import { undefinedVar } from './undefined-var.ts';
import { workdirRelativePath } from './workdir-relative-path.ts';

/** All that need neither the context nor a base image: CopyIgnoredFile and InvalidBaseImagePlatform are not among them. */
export const RULES: readonly Rule[] = [
  consistentInstructionCasing,
  duplicateStageName,
  exposeInvalidFormat,
  exposeProtoCasing,
  fromAsCasing,
  fromPlatformFlagConstDisallowed,
  invalidDefaultArgInFrom,
  invalidDefinitionDescription,
  jsonArgsRecommended,
  legacyKeyValueFormat,
  maintainerDeprecated,
  multipleInstructionsDisallowed,
  noEmptyContinuation,
  redundantTargetPlatform,
  reservedStageName,
  secretsUsedInArgOrEnv,
  stageNameCasing,
  undefinedArgInFrom,
  undefinedVar,
  workdirRelativePath,
];

/** `JSONArgsRecommended` is `json-args-recommended`. */
const pageOf = ({ name, page }: Rule): string =>
  page ?? name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();

export const addressOf = (rule: Rule): string =>
  `https://docs.docker.com/go/dockerfile/rule/${pageOf(rule)}/`;

/** The rule of a warning. */
export const ruleOf = (name: string): Rule | undefined => RULES.find((rule) => rule.name === name);

/** What the rules find, by place; those that the file's `check` directive skips are not asked. */
export function check(looked: Looked): Problem[] {
  const { skip, skipAll } = looked.file.directives.check;
  if (skipAll) return [];
  const asked = RULES.filter(({ name, experimental }) => !experimental && !skip.includes(name));
  return asked.flatMap((rule) => problemsOf(rule, looked)).sort(byPlace);
}

/** What one rule finds. */
export function problemsOf(rule: Rule, looked: Looked): Problem[] {
  return [...rule.find(looked)].map(({ range, message, suggestion }) => ({
    rule: rule.name,
    severity: 'warning',
    range,
    message,
    ...(suggestion !== undefined && { suggestion }),
  }));
}
