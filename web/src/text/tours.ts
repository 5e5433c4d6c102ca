// SPDX-License-Identifier: Apache-2.0

// The words of the guided tours, in every language: apart from the others, because only Cluster shows them.
import type { TourName } from "../cluster/tours";
import type { Language } from "./index";

export interface TourWords {
  tours: string;
  toursIntro: string;
  tourSigns: string;
  stepOf(step: number, all: number): string;
  stepBack: string;
  stepNext: string;
  tourTexts: Record<TourName, { title: string; steps: string[] }>;
}

export const tourWords: Record<Language, TourWords> = {
  en: {
    tours: "Guided tours",
    toursIntro: "Why it works, step by step, with three replicas.",
    tourSigns:
      "◇ stable, □ safe, ● executed, at the replica on whose line it stands. A dashed line: that replica is dead.",
    stepOf: (step, all) => `Step ${step} of ${all}.`,
    stepBack: "Step back",
    stepNext: "Next step",
    tourTexts: {
      clock: {
        title: "Lamport's clock",
        steps: [
          "Replica 0 has a request. Its clock goes up by one, to 5, and the frame carries that number.",
          "Each replica that receives the frame sets its clock to one more than the larger of its own and the frame's: 6.",
          "Their answers carry the next number, 7. So an effect has a larger number than its cause, whatever the clocks on the walls say.",
        ],
      },
      stability: {
        title: "Stability",
        steps: [
          "All replicas have the frame with clock 5. They must execute in the order of the numbers; could a lower one still come?",
          "Replica 2 has a 7 from replica 1, and links keep their order: nothing below 7 can come from there any more. At replica 2 the frame is stable.",
          "The same holds for the others a moment later. All execute the same frames in the same order, without a leader, and so have the same state.",
        ],
      },
      safe: {
        title: "Why safe is needed",
        steps: [
          "The frame with clock 5 is slow on its way. Meanwhile replicas 1 and 2 send frames of their own, 8 and 9.",
          "At replica 0 the frame is stable, because 8 and 9 are above 5. But no other replica holds it: if replica 0 answered now and died, an answered request would be lost.",
          "Both others have acknowledged it: now it is safe, and replica 0 executes and answers it. Whichever replica dies then, the others hold the request.",
        ],
      },
      crash: {
        title: "A crash in the middle of a broadcast",
        steps: [
          "Replica 0 dies while it sends: replica 1 has the frame with clock 5, replica 2 does not.",
          "Replica 1 acknowledges it. But nothing comes from replica 0, so nobody can go on; and nobody has executed or answered the request.",
          "The heartbeats of replica 0 are missing. The others agree on a view without it, tell each other what they hold, and replica 1 passes the frame on.",
          "Now both hold it and execute it. Had neither held it, neither would have: a frame counts at all of them or at none.",
        ],
      },
    },
  },
  es: {
    tours: "Visitas guiadas",
    toursIntro: "Por qué funciona, paso a paso, con tres réplicas.",
    tourSigns:
      "◇ estable, □ segura, ● ejecutada, en la réplica en cuya línea está. Una línea discontinua: esa réplica ha muerto.",
    stepOf: (step, all) => `Paso ${step} de ${all}.`,
    stepBack: "Paso anterior",
    stepNext: "Paso siguiente",
    tourTexts: {
      clock: {
        title: "El reloj de Lamport",
        steps: [
          "La réplica 0 tiene una petición. Su reloj avanza uno, hasta 5, y la trama lleva ese número.",
          "Cada réplica que recibe la trama pone su reloj en uno más que el mayor de los dos, el suyo y el de la trama: 6.",
          "Sus respuestas llevan el número siguiente, 7. Así, un efecto tiene siempre un número mayor que su causa, digan lo que digan los relojes de pared.",
        ],
      },
      stability: {
        title: "La estabilidad",
        steps: [
          "Todas las réplicas tienen la trama con reloj 5. Deben ejecutar en el orden de los números; ¿podría llegar todavía uno menor?",
          "La réplica 2 tiene un 7 de la réplica 1, y los enlaces conservan el orden: de allí ya no puede llegar nada menor que 7. En la réplica 2 la trama es estable.",
          "Un momento después vale lo mismo para las demás. Todas ejecutan las mismas tramas en el mismo orden, sin líder, y por eso tienen el mismo estado.",
        ],
      },
      safe: {
        title: "Por qué hace falta que sea segura",
        steps: [
          "La trama con reloj 5 va despacio. Entretanto, las réplicas 1 y 2 envían tramas propias, 8 y 9.",
          "En la réplica 0 la trama es estable, porque 8 y 9 son mayores que 5. Pero ninguna otra la tiene: si la réplica 0 respondiera ahora y muriera, se perdería una petición ya respondida.",
          "Las otras dos la han confirmado: ahora es segura, y la réplica 0 la ejecuta y responde. Muera la que muera después, las demás tienen la petición.",
        ],
      },
      crash: {
        title: "Una caída en mitad de una difusión",
        steps: [
          "La réplica 0 muere mientras envía: la réplica 1 tiene la trama con reloj 5; la réplica 2, no.",
          "La réplica 1 la confirma. Pero nada llega de la réplica 0, así que nadie puede continuar; y nadie ha ejecutado ni respondido la petición.",
          "Faltan los latidos de la réplica 0. Las demás acuerdan una vista sin ella, se dicen qué tienen, y la réplica 1 pasa la trama.",
          "Ahora ambas la tienen y la ejecutan. Si ninguna la hubiera tenido, ninguna la habría ejecutado: una trama cuenta en todas o en ninguna.",
        ],
      },
    },
  },
  ht: {
    tours: "Vizit gide",
    toursIntro: "Poukisa sa mache, etap pa etap, ak twa kopi.",
    tourSigns:
      "◇ estab, □ an sekirite, ● egzekite, nan kopi ki sou liy li ye a. Yon liy koupe: kopi sa a mouri.",
    stepOf: (step, all) => `Etap ${step} sou ${all}.`,
    stepBack: "Etap anvan",
    stepNext: "Etap apre",
    tourTexts: {
      clock: {
        title: "Revèy Lamport",
        steps: [
          "Kopi 0 gen yon demann. Revèy li monte youn, li rive 5, epi ankadreman an pote nimewo sa a.",
          "Chak kopi ki resevwa ankadreman an mete revèy li youn anlè pi gwo a, pa l oswa pa ankadreman an: 6.",
          "Repons yo pote pwochen nimewo a, 7. Konsa yon efè toujou gen yon nimewo ki pi gwo pase kòz li, kèlkeswa sa revèy nan mi yo di.",
        ],
      },
      stability: {
        title: "Estabilite",
        steps: [
          "Tout kopi yo gen ankadreman ki gen revèy 5 lan. Yo dwe egzekite nan lòd nimewo yo; èske yon pi piti ka vini toujou?",
          "Kopi 2 gen yon 7 nan men kopi 1, e lyen yo kenbe lòd yo: anyen ki pi piti pase 7 pa ka soti la ankò. Nan kopi 2 ankadreman an estab.",
          "Yon ti moman apre se menm bagay pou lòt yo. Tout egzekite menm ankadreman yo nan menm lòd, san chèf, kidonk yo gen menm eta a.",
        ],
      },
      safe: {
        title: "Poukisa li dwe an sekirite",
        steps: [
          "Ankadreman ki gen revèy 5 lan ap mache dousman. Pandan tan sa a kopi 1 ak 2 voye pa yo, 8 ak 9.",
          "Nan kopi 0 ankadreman an estab, paske 8 ak 9 pi gwo pase 5. Men okenn lòt kopi pa genyen l: si kopi 0 ta reponn kounye a epi mouri, yon demann ki jwenn repons t ap pèdi.",
          "Toulède lòt yo konfime l: kounye a li an sekirite, e kopi 0 egzekite l epi reponn. Kèlkeswa sa ki mouri apre sa, lòt yo gen demann lan.",
        ],
      },
      crash: {
        title: "Yon pàn nan mitan yon difizyon",
        steps: [
          "Kopi 0 mouri pandan l ap voye: kopi 1 gen ankadreman ki gen revèy 5 lan, kopi 2 pa genyen l.",
          "Kopi 1 konfime l. Men anyen pa soti nan kopi 0, kidonk pèsonn pa ka kontinye; e pèsonn pa egzekite ni reponn demann lan.",
          "Batman kè kopi 0 manke. Lòt yo dakò sou yon vi san li, youn di lòt sa li genyen, epi kopi 1 pase ankadreman an.",
          "Kounye a toulède genyen l epi yo egzekite l. Si okenn pa t genyen l, okenn pa t ap egzekite l: yon ankadreman konte nan tout oswa nan okenn.",
        ],
      },
    },
  },
};
