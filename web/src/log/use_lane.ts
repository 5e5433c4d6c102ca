// SPDX-License-Identifier: Apache-2.0

// The changes that are on their way for one site and product, as they are now.
import { useEffect, useState } from "preact/hooks";
import { useApp } from "../app";
import type { Lane } from "./outbox";

export function useLane(site: string, product: string): Lane {
  const { outbox } = useApp();
  const [lane, setLane] = useState(() => outbox.lane(site, product));
  useEffect(() => {
    const changed = () => setLane(outbox.lane(site, product));
    changed();
    return outbox.listen(changed);
  }, [outbox, site, product]);
  return lane;
}
