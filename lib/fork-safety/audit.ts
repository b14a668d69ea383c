// What this process holds that a fork of it could not use.
import { workerState } from '../life/worker-handle.js';
import type { Finding } from './finding.js';

export async function audit(): Promise<Finding[]> {
  const { unsafeReason } = workerState;
  if (unsafeReason === null) return [];
  return [
    {
      subject: 'app',
      version: null,
      severity: 'refuse',
      found: `says that it is no longer fork-safe: ${unsafeReason}`,
      breaks: '',
      remedy: '',
      evidence: null,
    },
  ];
}
