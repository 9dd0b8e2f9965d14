import { ApiClient } from '@everflame/client';

/** The API of the service that the page comes from. */
export const api = new ApiClient();
