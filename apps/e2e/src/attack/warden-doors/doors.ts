import { readFileSync } from 'node:fs';
import path from 'node:path';
import { openRpcChannel, type RpcChannel } from '@castellan/rpc';
import { afterAll, beforeAll, expect } from 'vitest';
import { admin, type Target } from '../target.js';

type PolicyBody = Readonly<Record<string, unknown>>;
export type Question = { readonly subject: string; readonly resource: string; readonly action: string };

/** For calls on a busy machine. */
export const patient = { deadlineMs: 20_000 };

/** The Warden of a target with all of its doors, and policies that no two rows of a file share. */
export type Doors = {
  target(): Target;
  /** The door for certificates, with that of a client; the one for access tokens. */
  peers(): RpcChannel;
  bearers(): RpcChannel;
  /** The action that the next policy is about. */
  nextAction(): string;
  /** A policy on an action of its own. */
  withPolicy(policy: PolicyBody): Promise<{ readonly action: string; readonly id: string }>;
  /** Whether each HTTP door allows it. */
  decisions(question: Question, context?: object): Promise<boolean[]>;
};

/** Opens the doors before the first row and closes them after the last one. */
export function openDoors(target: () => Target, bearerPort: number): Doors {
  const channels: RpcChannel[] = [];
  let made = 0;
  const pem = (name: string): Buffer => readFileSync(path.join(target().product.certificates, name));
  const open = (options: Parameters<typeof openRpcChannel>[0]): void => void channels.push(openRpcChannel(options));
  beforeAll(() => {
    const certificate = { ca: pem('ca.pem'), cert: pem('client.pem'), key: pem('client-key.pem') };
    open({ target: target().product.wardenTarget, security: { kind: 'tls', ...certificate } });
    open({ target: `localhost:${bearerPort}`, security: { kind: 'bearer', ca: pem('ca.pem') } });
  });
  afterAll(() => {
    for (const channel of channels) channel.close();
  });
  const channel = (index: number): RpcChannel => {
    const opened = channels[index];
    if (opened === undefined) throw new Error('the doors are not open yet');
    return opened;
  };
  const nextAction = (): string => `door-${made}`;

  return {
    target,
    peers: () => channel(0),
    bearers: () => channel(1),
    nextAction,
    async withPolicy(policy) {
      const action = nextAction();
      made++;
      const id = `policy-${action}`;
      const body = { id, effect: 'allow', subjects: ['s'], resources: ['r'], actions: [action], ...policy };
      const answer = await admin(target(), 'POST', '/policies', body);
      expect(answer.status, answer.text).toBe(201);
      return { action, id };
    },
    decisions: (question, context) => decisionsOf(target(), question, context),
  };
}

async function decisionsOf(target: Target, question: Question, context: object | undefined): Promise<boolean[]> {
  const { subject, resource, action } = question;
  const [allowed, evaluation, explained] = await Promise.all([
    admin(target, 'POST', '/warden/allowed', { ...question, context }),
    admin(target, 'POST', '/access/v1/evaluation', {
      subject: { type: 'user', id: subject },
      resource: { type: 'thing', id: resource },
      action: { name: action },
      context,
    }),
    admin(target, 'POST', '/warden/explain', { ...question, context }),
  ]);
  const read = ({ text }: { readonly text: string }): Record<string, unknown> =>
    JSON.parse(text) as Record<string, unknown>;
  return [read(allowed)['allowed'], read(evaluation)['decision'], read(explained)['allowed']].map(
    (decision) => decision === true,
  );
}
