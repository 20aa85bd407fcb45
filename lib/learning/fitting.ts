import type { Describer } from './describer.ts';
import { type DrawnDefects, drawDefects, drawnMaps, scoresOf } from './drawn-defects.ts';
import { failed } from './failure.ts';
import { maximumOf } from './heads/calibration.ts';
import { chooseHead, positionShare } from './heads/choose-head.ts';
import { fitHead } from './heads/cross-fit.ts';
import type { HeadFit, HeadKind } from './heads/head.ts';
import type { Samples } from './heads/samples.ts';
import type { Progress } from './learn.ts';
import type { LearnBody } from './learning-protocol.ts';
import type { Parent } from './parent.ts';
import type { UsablePictures } from './pictures/picture-set.ts';

export interface FittedHead {
  fit: HeadFit;
  /** Why this kind, for people. */
  why: string;
  /** Maps of defects drawn into pictures that the maps' model had not seen; null where none were drawn. */
  drawn: Float32Array[] | null;
}

interface Subject {
  samples: Samples;
  foldOf: number[];
  describer: Describer;
  /** The new pictures: sample `kept + i` is picture i. */
  pictures: UsablePictures;
  kept: number;
  parent: Parent | undefined;
  threads: number;
}

/** Fits the wanted head, or both and takes the better one on defects drawn into pictures of the fold it has not seen. */
export async function fitBestHead(subject: Subject, options: LearnBody, tell: Progress): Promise<FittedHead> {
  const { samples, foldOf, describer, pictures, kept, parent, threads } = subject;
  const { head = 'auto', goal, seed } = options;
  const { grid } = describer;
  const fitted = async (kind: HeadKind): Promise<HeadFit> => {
    const fit = await fitHead(kind, samples, foldOf, grid, {
      seed,
      threads,
      pause: (done, total) => tell(`fitting ${kind}`, done, total),
    });
    if (fit === null) throw failed('the statistics', 'finite numbers', 'a covariance that is none');
    return fit;
  };
  const wanted = parent?.training.head ?? head;
  const compares = wanted === 'auto';
  let drawn: DrawnDefects | null = null;
  if (compares || 'missCost' in goal) {
    drawn = await drawDefects(pictures, foldOf.slice(kept), describer, seed, (done, total) =>
      tell('drawing', done, total),
    );
    if (drawn.z.length === 0) drawn = null;
  }
  const mapsOf = (fit: HeadFit) => drawn && drawnMaps(drawn, fit, grid);
  if (!compares) {
    const fit = await fitted(wanted);
    return { fit, why: parent ? 'as in the version that it continues' : 'as chosen', drawn: mapsOf(fit) };
  }
  const candidates = [];
  for (const kind of ['gaussian', 'nearest'] as const) {
    const fit = await fitted(kind);
    const goodScores = fit.maps.filter((_, picture) => foldOf[picture] === 0).map(maximumOf);
    candidates.push({ fit, maps: mapsOf(fit), goodScores, defectScores: scoresOf(mapsOf(fit) ?? []) });
  }
  const { chosen, why } = chooseHead(candidates, positionShare(samples));
  return { fit: chosen, why, drawn: candidates.find(({ fit }) => fit === chosen)?.maps ?? null };
}
