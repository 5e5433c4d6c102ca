// SPDX-License-Identifier: Apache-2.0

// A view whose code is loaded apart, so that the first one is there sooner.
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useText } from "./text";

interface Props<P> {
  load(): Promise<{ default: ComponentType<P> }>;
  props: P;
}

export function Later<P>({ load, props }: Props<P>) {
  const text = useText();
  const [found, setFound] = useState<{ View: ComponentType<P> } | null>(null);
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    let on = true;
    load().then(
      (module) => on && setFound({ View: module.default }),
      () => on && setFailed(true),
    );
    return () => {
      on = false;
    };
  }, [load]);
  if (found) return <found.View {...(props as P & object)} />;
  if (!failed) return <p role="status">{text.loading}</p>;
  return (
    <p class="notice" role="alert">
      {text.notLoaded}{" "}
      <button type="button" onClick={() => location.reload()}>
        {text.reload}
      </button>
    </p>
  );
}
