import { SECRET_PREFIX } from "../../infra/config/secrets.ts";
import { pushMetrics } from "../metrics.ts";
import { channelsOf } from "../notify/channels.ts";
import { noticeOf } from "../notify/notice.ts";
import { notify } from "../notify/notify.ts";
import type { Project } from "../project.ts";
import type { Delivery, RunRecord } from "../record.ts";

/**
 * Tells everybody who is to be told about a run as it stands, and the Pushgateway. Never fails.
 * @param secrets of the stack: full key to value
 */
export async function tell(
  { config }: Project,
  record: RunRecord,
  secrets: Readonly<Record<string, string>>,
): Promise<Delivery[]> {
  const notice = noticeOf(record);
  const channels = channelsOf(config.notifications, (name) => secrets[SECRET_PREFIX + name]);
  const gateway = config.delivery.pushgateway;
  const deliveries = await Promise.all([
    notice === undefined ? [] : notify(notice, channels),
    gateway === undefined ? [] : pushMetrics(gateway, record),
  ]);
  return deliveries.flat();
}
