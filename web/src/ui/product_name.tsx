// SPDX-License-Identifier: Apache-2.0

// The names of a vaccine. The CDC's descriptions and the trade names are English in every language of the page, and marked so.
import type { StockLine } from "../api/types";
import { agesInWords, brands, isDescribed, kindName, productName } from "../products";
import { useText } from "../text";

/** As the CDC describes it: for those who log. */
export function ProductName({ product }: { product: string }) {
  const text = useText();
  const name = productName(text, product);
  return isDescribed(product) ? <span lang="en">{name}</span> : <>{name}</>;
}

/** As people know it: "Flu: Fluzone, Flulaval", with the ages that it is for. */
export function VaccineName({ line }: { line: Pick<StockLine, "product" | "cvx"> }) {
  const text = useText();
  const product = line.cvx ?? line.product;
  const kind = kindName(text, product);
  const sold = brands(product);
  const ages = agesInWords(text, product);
  return (
    <>
      {kind && <b>{kind}</b>}
      {kind && sold && ": "}
      {sold ? <span lang="en">{sold}</span> : !kind && <ProductName product={product} />}
      {ages && ` (${ages})`}
    </>
  );
}
