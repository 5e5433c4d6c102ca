// SPDX-License-Identifier: Apache-2.0

// A change stream of the test's: it says and fails what the test wants.
import type { Source } from "../src/api/changes";

export class FakeSource implements Source {
  readyState = 1;
  onopen: ((event: Event) => void) | null = null;
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  private handler: ((event: MessageEvent<string>) => void) | null = null;
  constructor(readonly url: string) {}
  addEventListener(_type: "change", handler: (event: MessageEvent<string>) => void): void {
    this.handler = handler;
  }
  close(): void {
    this.closed = true;
  }
  opened(): void {
    this.onopen?.(new Event("open"));
  }
  says(lastEventId: string, data: object): void {
    this.handler?.({ lastEventId, data: JSON.stringify(data) } as MessageEvent<string>);
  }
  fails(readyState = 0): void {
    this.readyState = readyState;
    this.onerror?.(new Event("error"));
  }
}
