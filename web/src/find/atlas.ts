// SPDX-License-Identifier: Apache-2.0

// The borders, loaded when a map is first shown. Asked for like everything else, so that a map survives its replica.
import { useEffect, useState } from "preact/hooks";
import countiesUrl from "us-atlas/counties-10m.json?url";
import statesUrl from "us-atlas/states-10m.json?url";
import { useApp } from "../app";
import type { Atlas } from "./geometry";

/** States first, which are small; with `counties` these too, when they are there. */
export function useAtlas(counties: boolean): Atlas | null {
  const { replicas } = useApp();
  const [atlas, setAtlas] = useState<Atlas | null>(null);
  useEffect(() => {
    let on = true;
    const load = async (url: string) => {
      const found = (await (await replicas.ask(url)).json()) as Atlas;
      if (on) setAtlas(found);
    };
    // A map without borders still shows who is where, so a failure is no message.
    load(statesUrl)
      .then(() => (counties ? load(countiesUrl) : undefined))
      .catch(() => undefined);
    return () => {
      on = false;
    };
  }, [replicas, counties]);
  return atlas;
}
