import {
  type FlattenedProfile,
  Flattening,
  type FlattenJob,
} from '../../src/application/flatten/flatten-job.ts';
import { ProfileFlattener } from '../../src/application/flatten/flatten-profile.ts';

/** Flattens on the calling thread, so that a test may replace the clock. */
export class FlattenHere extends Flattening {
  readonly #flattener = new ProfileFlattener();

  override flatten(job: FlattenJob): Promise<FlattenedProfile> {
    return new Promise((resolve) => resolve(this.#flattener.flatten(job)));
  }
}
