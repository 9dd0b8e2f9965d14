import {
  type FlattenedProfile,
  Flattening,
  type FlattenJob,
} from '../../src/application/flatten/flatten-job.ts';
import { RowSink } from '../../src/application/record/row-sink.ts';

/** Makes a record of nothing of every profile, and says how many bytes that had. */
export class NoFlattening extends Flattening {
  override flatten({ generation, pprof }: FlattenJob): Promise<FlattenedProfile> {
    const record = new Uint8Array(1);
    const accepted = [{ profileType: 'a:b:c:d:e', stacks: 1, total: pprof.length }];
    return Promise.resolve({ record, generation, accepted, mergedLabelSets: 0, cutStacks: 0 });
  }
}

/** Takes every record and has nowhere to put it. */
export class NoSink extends RowSink {
  override readonly generation = 0;

  override add(): Promise<void> {
    return Promise.resolve();
  }
}
