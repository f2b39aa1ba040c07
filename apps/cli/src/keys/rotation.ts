import type { CommandCall } from '../command.js';
import { openPrompt } from '../prompt.js';
import { CommandError, printable } from '../terminal.js';
import { printOr } from '../format.js';
import { table } from '../table.js';

type PlannedKey = {
  readonly kid: string;
  readonly alg: string;
  readonly state: string;
  readonly since: string;
  readonly signatures: number;
  readonly next_state?: string;
  readonly next_at?: string;
};

type SetPlan = {
  readonly set: string;
  readonly now: string;
  readonly alg: string;
  readonly rotated_every_seconds: number;
  readonly published_for_seconds: number;
  readonly shown_after_signing_for_seconds: number;
  readonly keys: readonly PlannedKey[];
  readonly next?: { readonly staged_at: string; readonly published_at: string; readonly active_at: string };
};

/** The command `keys plan`. */
export async function printPlan(call: CommandCall): Promise<void> {
  const api = await call.api();
  const answer = await api.get({ failure: 'Could not read the plan', path: ['rotation'] });
  const sets = (answer as { readonly sets: readonly SetPlan[] } | undefined)?.sets ?? [];
  await printOr(call, () => sets.forEach((plan) => printSet(call, plan)), sets, planColumns);
}

/** The command `keys rotate`. */
export async function rotate(call: CommandCall): Promise<void> {
  const set = call.operand(0);
  const emergency = call.has('emergency');
  const api = await call.api();
  if (emergency) await warn(call, set, ((await api.read(planRequest)) as { readonly sets: readonly SetPlan[] }).sets);
  const alg = call.text('alg');
  const answer = await api.post({
    failure: 'Could not rotate the key set',
    path: ['rotation', set, ...(emergency ? ['emergency'] : [])],
    json: alg === '' ? {} : { alg },
  });
  if (answer !== undefined) await printOr(call, () => printSet(call, answer as SetPlan), answer);
}

const planColumns = ['set', 'alg', 'rotated_every_seconds', 'published_for_seconds', 'keys', 'next'];
const planRequest = { failure: 'Could not read the plan', path: ['rotation'] };

/** Says what an emergency rotation breaks, and asks for the name of the set unless `--yes` is given. */
async function warn(call: CommandCall, set: string, plans: readonly SetPlan[]): Promise<void> {
  const plan = plans.find((one) => one.set === set);
  if (plan === undefined) {
    throw new CommandError(`Key set ${set} is not rotated; these are: ${plans.map((one) => one.set).join(', ')}.`);
  }
  call.note(`EMERGENCY ROTATION of ${set}. All ${plan.keys.length} keys of the set are thrown away at once:`);
  for (const { kid, state } of plan.keys) call.note(`  ${printable(kid)} (${printable(state)})`);
  call.note('What breaks:');
  call.note('  - Everything signed with these keys stops verifying, though it has not expired: users sign in again.');
  call.note('  - Verifiers that keep the JWK Set refuse new signatures until they fetch it again, for minutes.');
  call.note('  - Logins that are under way fail.');
  call.note('A planned change needs none of this: leave --emergency out.');
  if (call.has('yes') || call.printDryRun !== undefined) return;
  const prompt = openPrompt(call.terminal);
  const typed = await prompt.ask('Type the name of the key set to go on: ');
  prompt.close();
  if (typed?.trim() !== set) throw new CommandError('Nothing was changed.');
}

function printSet(call: CommandCall, plan: SetPlan): void {
  const every = plan.rotated_every_seconds > 0 ? `every ${duration(plan.rotated_every_seconds)}` : 'by hand only';
  call.print(`${printable(plan.set)}: rotated ${every}, new keys are ${printable(plan.alg)} keys`);
  call.print(
    `  published for ${duration(plan.published_for_seconds)} before signing, ` +
      `shown for ${duration(plan.shown_after_signing_for_seconds)} after`,
  );
  const rows = plan.keys.map(({ kid, alg, state, since, signatures, next_state, next_at }) => [
    kid,
    alg,
    state,
    second(since),
    String(signatures),
    next_state === undefined || next_at === undefined ? '-' : `${next_state} from ${second(next_at)}`,
  ]);
  for (const line of table(['KEY ID', 'ALG', 'STATE', 'SINCE', 'SIGNED', 'NEXT'], rows)) call.print(`  ${line}`);
  if (plan.next === undefined) return;
  const { staged_at, published_at, active_at } = plan.next;
  call.print(
    `  next key: made ${second(staged_at)}, published ${second(published_at)}, signs from ${second(active_at)}`,
  );
}

function second(time: string): string {
  return printable(time).replace(/\.\d+Z$/, 'Z');
}

function duration(seconds: number): string {
  const parts: readonly [string, number][] = [
    ['d', 86_400],
    ['h', 3_600],
    ['m', 60],
    ['s', 1],
  ];
  let rest = Math.round(seconds);
  const said = parts.flatMap(([unit, size]) => {
    const count = Math.floor(rest / size);
    rest -= count * size;
    return count > 0 ? [`${count}${unit}`] : [];
  });
  return said.length === 0 ? '0s' : said.join('');
}
