/** What is known of a metric, as `readReports` gives it; what is left out is that none knew it. */
export interface FakeReport {
  readonly state: string;
  readonly value?: number;
  readonly knownMs?: number;
  readonly knownWallMs?: number;
  readonly changedMs?: number;
  readonly changedWallMs?: number;
  readonly invalidCount?: number;
}
