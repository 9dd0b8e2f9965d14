import { z } from 'zod';

export const webhookUrlSchema = z.url({ protocol: /^https?$/ }).max(2048);

/** The kinds of notifiers, and what each needs to be told of a receiver. */
export const NOTIFIER_SETTINGS = { webhook: z.strictObject({ url: webhookUrlSchema }) };

/** Schemas of the settings of notifiers, by kind. */
export type NotifierSettings = Readonly<Record<string, z.ZodObject>>;

/** Identifies the receiver, in paths too. */
const receiverNameSchema = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$/, 'write up to 64 letters, digits, blanks, ".", "_" or "-"');

/** Which alerts a receiver gets, and one kind of notifier with its settings: how it gets them. */
function receiverShape<T extends NotifierSettings>(notifiers: T) {
  const optional = Object.entries(notifiers).map(([kind, settings]) => [kind, settings.optional()]);
  return {
    /** Matchers in braces on the labels of alert and rule, such as {team="x"}; all alerts when absent. */
    match: z.string().min(2).max(8192).default('{}'),
    ...(Object.fromEntries(optional) as { [Kind in keyof T]: z.ZodOptional<T[Kind]> }),
  };
}

/** The schema of a receiver whose name is said elsewhere. */
export function receiverChangeSchemaOf<T extends NotifierSettings>(notifiers: T) {
  const { isOne, problem } = oneOf(notifiers);
  return z.object(receiverShape(notifiers)).refine(isOne, problem);
}

/** The schema of a receiver that is made, with these kinds of notifiers. */
export function receiverInputSchemaOf<T extends NotifierSettings>(notifiers: T) {
  const { isOne, problem } = oneOf(notifiers);
  return z.strictObject({ name: receiverNameSchema, ...receiverShape(notifiers) }).refine(isOne, problem);
}

function oneOf(notifiers: NotifierSettings) {
  const kinds = Object.keys(notifiers);
  const isOne = (receiver: object): boolean => kinds.filter((kind) => kind in receiver).length === 1;
  return { isOne, problem: `a receiver needs one of: ${kinds.join(', ')}` };
}

export const receiverChangeSchema = receiverChangeSchemaOf(NOTIFIER_SETTINGS);
export const receiverInputSchema = receiverInputSchemaOf(NOTIFIER_SETTINGS);
export type ReceiverInput = z.infer<typeof receiverInputSchema>;

/** A receiver as the API shows it: what may be secret in the settings is replaced by …. */
export const receiverSchema = z.object({
  name: z.string(),
  ...receiverShape(NOTIFIER_SETTINGS),
  /** `file` receivers come from everflame.yaml and cannot be changed through the API. */
  source: z.enum(['file', 'api']),
  updatedAt: z.number(),
});

/** GET /api/v1/receivers; POST answers one receiver with 201, PUT and DELETE address /api/v1/receivers/{name}. */
export const receiversResponseSchema = z.object({ receivers: z.array(receiverSchema) });
