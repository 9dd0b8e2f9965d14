export { ApiClient } from './api-client.ts';
export { ApiError } from './api-error.ts';
export type { ParamsOf, PathOf } from './route-types.ts';
