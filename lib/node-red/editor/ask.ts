/** An answer that is none: `status` 0 where nobody answered. The message is the runtime's sentence where it gave one. */
export class AskError extends Error {
  readonly status: number;

  constructor({ status, statusText, responseJSON }: JQuery.jqXHR) {
    super(String((responseJSON as { message?: unknown } | undefined)?.message ?? statusText));
    this.status = status;
  }
}

/**
 * Asks the admin API (`goodpart/…`), by ajax because that carries Node-RED's bearer token in a header. Rejects with an
 * AskError, also when `signal` ends the request.
 */
function ask<T>(settings: JQuery.AjaxSettings, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = $.ajax(settings);
    signal?.addEventListener('abort', () => request.abort());
    request.then(
      (answer: T) => resolve(answer),
      (failed: JQuery.jqXHR) => reject(new AskError(failed)),
    );
  });
}

export const askJson = <T>(url: string, signal?: AbortSignal) => ask<T>({ url, dataType: 'json' }, signal);

export const askBlob = (url: string, signal?: AbortSignal) =>
  ask<Blob>({ url, xhrFields: { responseType: 'blob' } }, signal);

export const askToDo = <T>(url: string, body: object = {}, signal?: AbortSignal) =>
  ask<T>(
    { url, method: 'POST', contentType: 'application/json', data: JSON.stringify(body), dataType: 'json' },
    signal,
  );
