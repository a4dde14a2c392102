/** Binary data: upload with progress (RFC 8620 §6.1), download addresses (§6.2). */
import type { Client } from './client.ts';
import { Offline, Refused, SignedOut } from './errors.ts';
import { csrfHeader } from './http.ts';
import type { Id } from './types.ts';

export interface Uploaded {
  blobId: Id;
  type: string;
  size: number;
}

/** Upload with `fetch`'s older sister, because only she tells how much has left. `progress` gets 0…1. */
export function upload(client: Client, data: Blob, type: string, progress?: (share: number) => void, signal?: AbortSignal): Promise<Uploaded> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', client.session.uploadUrl.replace('{accountId}', encodeURIComponent(client.accountId)));
    request.setRequestHeader('Content-Type', type || 'application/octet-stream');
    for (const [name, value] of Object.entries(csrfHeader())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress?.(event.lengthComputable ? event.loaded / event.total : 0);
    request.onerror = () => reject(new Offline());
    request.onabort = () => reject(new DOMException('Aborted', 'AbortError'));
    request.onload = () => {
      if (request.status === 401) reject(new SignedOut());
      else if (request.status >= 400) {
        let detail = `The server refused the file (${request.status}).`;
        try {
          detail = (JSON.parse(request.responseText) as { detail?: string }).detail ?? detail;
        } catch {
          // Not a problem document: the status says enough.
        }
        reject(new Refused('upload', detail, request.status));
      } else resolve(JSON.parse(request.responseText) as Uploaded);
    };
    signal?.addEventListener('abort', () => request.abort());
    request.send(data);
  });
}

/** `accountId`: whose it is, where somebody else shares it. */
export function downloadUrl(client: Client, blobId: Id, name: string, type: string, accountId: Id = client.accountId): string {
  return client.session.downloadUrl
    .replace('{accountId}', encodeURIComponent(accountId))
    .replace('{blobId}', encodeURIComponent(blobId))
    .replace('{name}', encodeURIComponent(name))
    .replace('{type}', encodeURIComponent(type));
}
