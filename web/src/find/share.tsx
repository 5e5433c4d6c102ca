// SPDX-License-Identifier: Apache-2.0

// Sends a view to somebody else: by what the device has for that, else by a copied link. The link carries the language.
import { useEffect, useState } from "preact/hooks";
import { useText } from "../text";

const kToldMs = 4_000;

interface Props {
  title: string; // what is sent
  hash: string; // the view
  words: string; // on the button
  label?: string; // the button's name, where its words alone do not tell it from others
}

export function Share({ title, hash, words, label }: Props) {
  const text = useText();
  const [copied, setCopied] = useState(false);
  useEffect(() => {
    const timer = copied && setTimeout(() => setCopied(false), kToldMs);
    return () => clearTimeout(timer || undefined);
  }, [copied]);
  const canShare = "share" in navigator;
  if (!canShare && !navigator.clipboard) return null; // neither is there on plain http
  const share = async () => {
    const url = `${location.origin}/?lang=${text.code}${hash}`;
    if (canShare)
      await navigator.share({ title, url }).catch(() => undefined); // the visitor thought better of it
    else
      await navigator.clipboard.writeText(url).then(
        () => setCopied(true),
        () => undefined,
      );
  };
  return (
    <span class="share">
      <button type="button" class="plain" aria-label={label} onClick={() => void share()}>
        {words}
      </button>
      <span role="status">{copied ? text.linkCopied : ""}</span>
    </span>
  );
}
