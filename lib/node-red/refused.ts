import { GoodpartError } from '../core/errors.ts';

/** An error that a route answers with another status than 400. */
export class Refused extends GoodpartError {
  readonly status: number;

  constructor(status: number, { code, message, field, expected, received }: GoodpartError) {
    super(code, message, { field, expected, received });
    this.status = status;
  }
}
