// SPDX-License-Identifier: Apache-2.0

// The name of a vaccine. The CDC's descriptions are English in every language of the page, and marked so.
import { isDescribed, productName } from "../products";
import { useText } from "../text";

export function ProductName({ product }: { product: string }) {
  const text = useText();
  const name = productName(text, product);
  return isDescribed(product) ? <span lang="en">{name}</span> : <>{name}</>;
}
