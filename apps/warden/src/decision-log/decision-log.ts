import type { DecisionRecord } from '@castellan/policy';
import { scrubText } from '@castellan/service';
import { type ContextRules, redactContext } from './redact-context.js';

/** A decision to record. What is long or secret in it is dealt with later, off the path of the check. */
export type Decided = Omit<DecisionRecord, 'redacted'>;

/** Where records go. It may fail: then those records are lost, and counted. */
export type DecisionSink = { readonly name: string; write(records: readonly DecisionRecord[]): Promise<void> };

export type DecisionLogOptions = {
  readonly sinks: readonly DecisionSink[];
  /** Share of decisions that are recorded, from 0 to 1. */
  readonly sample: number;
  readonly rules: ContextRules;
  /** Most decisions that wait; what comes beyond is dropped. */
  readonly maxWaiting: number;
  /** From 0 to below 1. */
  readonly random: () => number;
  /** Told how many records a sink got, and how many were lost on the way to it. */
  readonly onWritten: (sink: string, count: number) => void;
  readonly onDropped: (sink: string, count: number) => void;
  readonly onFailure: (sink: string, cause: unknown) => void;
};

/** Records decisions without making anybody wait for it. */
export type DecisionLog = {
  /** Whether anything is recorded at all. */
  readonly isOn: boolean;
  /** Takes a decision in. Never throws, never waits. */
  record(decided: () => Decided): void;
  /** Writes what waits, for so many milliseconds at most. */
  close(timeoutMs: number): Promise<void>;
};

const maxBatch = 500;
const flushAfterMs = 100;

/** Makes a decision log. Nothing is recorded where there is no sink. */
export function createDecisionLog(options: DecisionLogOptions): DecisionLog {
  const { sinks, sample, maxWaiting } = options;
  const isOn = sinks.length > 0 && sample > 0;
  let waiting: Decided[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> | undefined;

  async function writeBatch(batch: readonly Decided[]): Promise<void> {
    const records = batch.map((decided) => toRecord(decided, options.rules));
    await Promise.all(
      sinks.map(async (sink) => {
        try {
          await sink.write(records);
          options.onWritten(sink.name, records.length);
        } catch (cause) {
          options.onDropped(sink.name, records.length);
          options.onFailure(sink.name, cause);
        }
      }),
    );
  }

  async function drain(): Promise<void> {
    while (waiting.length > 0) {
      const batch = waiting.slice(0, maxBatch);
      waiting = waiting.slice(maxBatch);
      await writeBatch(batch);
    }
  }

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    writing ??= drain().finally(() => {
      writing = undefined;
    });
    return writing;
  }

  return {
    isOn,
    record(decided) {
      if (!isOn || (sample < 1 && options.random() >= sample)) return;
      if (waiting.length >= maxWaiting) {
        for (const { name } of sinks) options.onDropped(name, 1);
        return;
      }
      waiting.push(decided());
      if (writing !== undefined) return;
      timer ??= setTimeout(() => void flush(), flushAfterMs).unref();
      if (waiting.length >= maxBatch) setImmediate(() => void flush());
    },
    async close(timeoutMs) {
      let fuse: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        fuse = setTimeout(resolve, timeoutMs);
      });
      await Promise.race([flush(), late]);
      clearTimeout(fuse);
      for (const { name } of waiting.length > 0 ? sinks : []) options.onDropped(name, waiting.length);
    },
  };
}

/** A caller may have put a token where a name belongs, and may have chosen the request ID. */
const names = ['caller', 'requestId', 'subject', 'clientId', 'resource', 'action'] as const;

function toRecord(decided: Decided, rules: ContextRules): DecisionRecord {
  const scrubbed = Object.fromEntries(names.map((name) => [name, scrubText(decided[name])]));
  const groups = decided.groups.map(scrubText);
  return { ...decided, ...scrubbed, groups, ...redactContext(decided.context, rules) };
}
