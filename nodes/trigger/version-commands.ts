import { invalidParameter } from '../../lib/core/errors.ts';
import type { Message } from '../../lib/node-red/messages.ts';
import type { Station } from '../../lib/station/station.ts';

/** What a message asks of the versions: a recipe's number, or number and version. */
interface Asked {
  recipe: number;
  version?: number;
}

const expected = 'the number of a recipe, or {recipe, version}';

function asked(payload: unknown): Asked {
  if (typeof payload === 'number') return { recipe: payload };
  if (typeof payload !== 'object' || payload === null) throw invalidParameter('msg.payload', expected, payload);
  const { recipe, version } = payload as Record<string, unknown>;
  if (typeof recipe !== 'number') throw invalidParameter('msg.payload.recipe', 'the number of a recipe', recipe);
  if (version === undefined) return { recipe };
  if (typeof version !== 'number') throw invalidParameter('msg.payload.version', 'the number of a version', version);
  return { recipe, version };
}

/**
 * What a message with this topic does with the station's versions; resolves with what was done, in words. Null: the topic is no such
 * command. Throws GP_INPUT_INVALID for what it cannot use, rejects as the station does.
 */
export function versionCommand(station: Station, message: Message, by: string): (() => Promise<string>) | null {
  const said = { by, why: 'message' };
  switch (message.topic) {
    case 'recipe': {
      const { recipe: number, version } = asked(message.payload);
      return async () => {
        const recipe = await station.switchTo(number, { version, ...said });
        return recipe ? `recipe ${recipe.number} version ${recipe.version}` : 'no recipe';
      };
    }
    case 'shadow': {
      const { recipe: number, version } = asked(message.payload);
      return async () => {
        const shadow = station.chooseShadow(number, { version, ...said });
        return shadow ? `recipe ${shadow.number} version ${shadow.version} in shadow` : 'no shadow';
      };
    }
    case 'promote':
      return async () => (await station.promote(said)).text;
    case 'rollback':
      return async () => (await station.rollback(said)).text;
    default:
      return null;
  }
}
