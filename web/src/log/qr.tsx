// SPDX-License-Identifier: Apache-2.0

// The address of a site's form as a picture that a phone reads: hung up beside the fridge, it leads to the form in a second.
import { encode } from "uqr";
import { useText } from "../text";

const kQuiet = 2; // modules of white around it

export default function QrCode({ url }: { url: string }) {
  const text = useText();
  const { data, size } = encode(url, { border: kQuiet });
  const path = data
    .map((row, y) => row.map((dark, x) => (dark ? `M${x},${y}h1v1h-1z` : "")).join(""))
    .join("");
  return (
    <figure class="qr">
      <svg viewBox={`0 0 ${size} ${size}`} role="img" aria-label={text.qrName} shape-rendering="crispEdges">
        <rect width={size} height={size} fill="#fff" />
        <path d={path} fill="#000" />
      </svg>
      <figcaption>
        <a href={url}>{url}</a>
      </figcaption>
    </figure>
  );
}
