// SPDX-License-Identifier: Apache-2.0

// The stock of one site: a panel per vaccine, and one for a vaccine that is not logged yet.
import { useState } from "preact/hooks";
import type { Site, StockLine } from "../api/types";
import { useText } from "../text";
import { VaccineSelect } from "../ui/vaccine_select";
import { CountAll } from "./count_all";
import { Panel } from "./panel";

interface Props {
  site: Site;
  read(): Promise<unknown>;
}

export function Stock({ site, read }: Props) {
  const text = useText();
  const [added, setAdded] = useState<string>("");
  const isNew = added !== "" && !site.stock.some((line) => line.product === added);
  const first: StockLine = { product: "any", availability: "unknown", version: 0, freshness: "unknown" };
  const lines = site.stock.length || isNew ? site.stock : [first];
  const listed = isNew ? [...site.stock, { ...first, product: added }] : site.stock;
  return (
    <section aria-labelledby="stock-title">
      <h2 id="stock-title">{text.stock}</h2>
      {listed.length > 1 && <CountAll siteId={site.id} lines={listed} />}
      {lines.map((line) => (
        <Panel key={line.product} siteId={site.id} line={line} read={read} />
      ))}
      {isNew && <Panel key={added} siteId={site.id} line={{ ...first, product: added }} read={read} />}
      <p class="add-product">
        <label for="add-product">{text.addProduct}</label>
        <VaccineSelect
          id="add-product"
          value={isNew ? added : ""}
          first={{ value: "", name: "—" }}
          change={setAdded}
        />
      </p>
    </section>
  );
}
