// SPDX-License-Identifier: Apache-2.0

// A guided tour in space and time, one step after the other, with the sentence that says what one sees.
import { useState } from "preact/hooks";
import { useText } from "../text";
import { tourWords } from "../text/tours";
import { Picture } from "./space_time";
import { kScripts, kTours, sceneOf, type TourName } from "./tours";

const kPeers = [0, 1, 2].map((index) => ({ index, http: "" }));

export function Tours() {
  const text = tourWords[useText().code];
  const [at, setAt] = useState<{ name: TourName; step: number } | null>(null);
  return (
    <section class="space-time" aria-labelledby="tours-title">
      <h2 id="tours-title">{text.tours}</h2>
      <p class="intro">{text.toursIntro}</p>
      <p class="others">
        {kTours.map((name) => (
          <button
            key={name}
            type="button"
            aria-pressed={at?.name === name}
            onClick={() => setAt({ name, step: 0 })}
          >
            {text.tourTexts[name].title}
          </button>
        ))}
      </p>
      {at && <Step name={at.name} step={at.step} go={(step) => setAt({ name: at.name, step })} />}
    </section>
  );
}

function Step({ name, step, go }: { name: TourName; step: number; go(step: number): void }) {
  const text = tourWords[useText().code];
  const { frames, chosen, down } = sceneOf(name, step);
  const steps = kScripts[name].steps.length;
  return (
    <>
      <p class="told" role="status">
        <b>{text.stepOf(step + 1, steps)}</b> {text.tourTexts[name].steps[step]}
      </p>
      <p class="others">
        <button type="button" disabled={step === 0} onClick={() => go(step - 1)}>
          {text.stepBack}
        </button>
        <button type="button" class="primary" disabled={step === steps - 1} onClick={() => go(step + 1)}>
          {text.stepNext}
        </button>
      </p>
      <div class="picture-wrap" role="group" tabIndex={0} aria-label={text.tourTexts[name].title}>
        <Picture frames={frames} peers={kPeers} down={down} chosen={chosen} choose={() => undefined} lesson />
      </div>
      <p class="quiet">{text.tourSigns}</p>
    </>
  );
}
