export { ApiClient, type ApiClientOptions, type CallOptions } from './api-client.ts';
export { ApiError } from './api-error.ts';
export type { AnswerOf, BodyOf, ParamsOf, PathOf } from './route-types.ts';
