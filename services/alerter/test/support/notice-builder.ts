import { quietLogger } from '@everflame/testkit';
import { noticeOf } from '../../src/application/alert-views.ts';
import type { AlertDocument, Transition } from '../../src/documents/alert-document.ts';
import type { Notice } from '../../src/notifiers/notifier.ts';
import { openRuleKinds } from '../../src/rules/rule-kinds.ts';
import { MemoryGrowthExplainer, MemorySeriesReader } from './memory-ports.ts';
import { buildAlert } from './record-builder.ts';

export const DASHBOARD = 'http://127.0.0.1:4040';

const kinds = openRuleKinds({
  reader: new MemorySeriesReader(),
  explainer: new MemoryGrowthExplainer(),
  dashboardUrl: DASHBOARD,
  logger: quietLogger(),
});

/** What a receiver is told of an alert. */
export function buildNotice(
  alert: AlertDocument = buildAlert(),
  transition: Transition = 'firing',
  receiver = '',
): Notice {
  return noticeOf(alert, { transition, receiver }, { kinds, dashboardUrl: DASHBOARD });
}
