/**
 * PDF files, read by pdf.js (decision 98) in a thread of its own whose policy lets it reach nothing. Pages are pictures with their words above them:
 * no script of a file is run, its forms are not filled in, nothing that it names is fetched, and its links are handed out as what they are.
 */
import { AnnotationMode, PDFWorker, type PDFDocumentProxy, type PDFPageProxy, PasswordException, TextLayer, getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';
import workerUrl from 'pdfjs-dist/legacy/build/pdf.worker.min.mjs?url';
import dingbats from 'pdfjs-dist/standard_fonts/FoxitDingbats.pfb?url';
import symbol from 'pdfjs-dist/standard_fonts/FoxitSymbol.pfb?url';
import jbig2 from 'pdfjs-dist/wasm/jbig2.wasm?url';
import openjpeg from 'pdfjs-dist/wasm/openjpeg.wasm?url';
import { MOST_PAGES, type Size, drawnScale, sensible } from './pdf-size.ts';
import { scriptUrl } from './trusted.ts';

/** What the thread may ask for, by its name: decoders of pictures, and the faces that no system has. Of the tables for East Asian encodings there are none. */
const OURS: Record<string, string> = { 'FoxitDingbats.pfb': dingbats, 'FoxitSymbol.pfb': symbol, 'jbig2.wasm': jbig2, 'openjpeg.wasm': openjpeg };
/** A picture in a file with more pixels is not drawn: a sheet of A3 in black and white at 600 dots an inch has 70 million. */
const MOST_IMAGE_PIXELS = 100_000_000;
/** Errors alone are worth a line in the browser's log, and those are told on the page. */
const SILENT = 0;

export type Why = 'locked' | 'broken';

export class Unreadable extends Error {
  constructor(readonly why: Why) {
    super(why);
  }
}

/** A part of a page that leads elsewhere; its place in shares of the page. */
export interface Link {
  /** An address outside; null where it is another page. */
  href: string | null;
  page: number;
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Drawing {
  done: Promise<void>;
  cancel: () => void;
}

/** A point of a file, as it lies on its page from the top. */
function onPage([a = 1, b = 0, c = 0, d = 1, e = 0, f = 0]: number[], [x = 0, y = 0]: number[]): [number, number] {
  return [a * x + c * y + e, b * x + d * y + f];
}

export class Pdf {
  /** Something of it cannot be shown here. */
  lacks = false;
  #pages = new Map<number, Promise<PDFPageProxy>>();

  private constructor(
    readonly document: PDFDocumentProxy,
    readonly close: () => void,
  ) {}

  /** Raises `Unreadable`. */
  static async open(data: Uint8Array, onlacks: () => void): Promise<Pdf> {
    const thread = new Worker(scriptUrl(workerUrl), { type: 'module' });
    const worker = new PDFWorker({ port: thread, verbosity: SILENT } as unknown as ConstructorParameters<typeof PDFWorker>[0]);
    let pdf: Pdf | undefined;
    const task = getDocument({
      data,
      worker,
      verbosity: SILENT,
      enableXfa: false,
      useWorkerFetch: false,
      disableWorkerRendering: true,
      maxImageSize: MOST_IMAGE_PIXELS,
      wasmUrl: '/',
      standardFontDataUrl: '/',
      cMapUrl: '/',
      BinaryDataFactory: class {
        async fetch({ filename }: { filename: string }): Promise<Uint8Array> {
          const url = OURS[filename];
          if (!url) {
            if (pdf) pdf.lacks = true;
            onlacks();
            throw new Error(`There is no ${filename} here.`);
          }
          return new Uint8Array(await (await fetch(url)).arrayBuffer());
        }
      },
    } as Parameters<typeof getDocument>[0]);
    const close = (): void => {
      void task.destroy().catch(() => undefined).finally(() => worker.destroy());
      thread.terminate();
    };
    const lost = new Promise<never>((_, reject) => thread.addEventListener('error', () => reject(new Error('The thread could not be started.'))));
    try {
      const document = await Promise.race([task.promise, lost]);
      return (pdf = new Pdf(document, close));
    } catch (error) {
      close();
      if (error instanceof PasswordException) throw new Unreadable('locked');
      throw new Unreadable('broken');
    }
  }

  get whole(): number {
    return this.document.numPages;
  }

  /** So many are shown. */
  get count(): number {
    return Math.min(this.whole, MOST_PAGES);
  }

  #page(number: number): Promise<PDFPageProxy> {
    let page = this.#pages.get(number);
    if (!page) this.#pages.set(number, (page = this.document.getPage(number)));
    return page;
  }

  async size(number: number): Promise<Size> {
    return sensible((await this.#page(number)).getViewport({ scale: 1 }));
  }

  /** Onto this canvas, which becomes as large as it has to be. `scale`: pixels of the screen for a point. */
  draw(number: number, canvas: HTMLCanvasElement, scale: number, ratio: number): Drawing {
    let cancel = (): void => undefined;
    let over = false;
    const work = async (): Promise<void> => {
      const page = await this.#page(number);
      if (over) return;
      const viewport = page.getViewport({ scale: drawnScale(sensible(page.getViewport({ scale: 1 })), scale, ratio) });
      canvas.width = Math.max(1, Math.floor(viewport.width));
      canvas.height = Math.max(1, Math.floor(viewport.height));
      // What is filled in already is seen; nothing can be filled in.
      const task = page.render({ canvas, viewport, annotationMode: AnnotationMode.ENABLE, background: '#fff' });
      cancel = () => task.cancel();
      await task.promise;
    };
    return {
      done: work(),
      cancel: () => {
        over = true;
        cancel();
      },
    };
  }

  /** The words of a page, each where it stands, to be marked, found and read out. */
  words(number: number, container: HTMLElement, scale: number): Drawing {
    let layer: TextLayer | undefined;
    let over = false;
    const work = async (): Promise<void> => {
      const page = await this.#page(number);
      if (over) return;
      layer = new TextLayer({ textContentSource: page.streamTextContent(), container, viewport: page.getViewport({ scale }) });
      await layer.render();
    };
    return {
      done: work(),
      cancel: () => {
        over = true;
        layer?.cancel();
      },
    };
  }

  /** Links to the web, to addresses and to other pages. Whatever else a file would like to start is none. */
  async links(number: number): Promise<Link[]> {
    const page = await this.#page(number);
    const viewport = page.getViewport({ scale: 1 });
    const out: Link[] = [];
    for (const one of (await page.getAnnotations()) as { subtype?: string; rect?: number[]; url?: string; dest?: unknown }[]) {
      if (one.subtype !== 'Link' || one.rect?.length !== 4) continue;
      const href = typeof one.url === 'string' && /^(?:https?|mailto|tel):/i.test(one.url) ? one.url : null;
      const target = href ? 0 : await this.#target(one.dest);
      if (!href && !target) continue;
      const [ax = 0, ay = 0, bx = 0, by = 0] = [...onPage(viewport.transform, one.rect.slice(0, 2)), ...onPage(viewport.transform, one.rect.slice(2))];
      const share = (value: number, whole: number): number => Math.min(1, Math.max(0, value / whole));
      const [x, y] = [share(Math.min(ax, bx), viewport.width), share(Math.min(ay, by), viewport.height)];
      out.push({ href, page: target, x, y, width: share(Math.max(ax, bx), viewport.width) - x, height: share(Math.max(ay, by), viewport.height) - y });
    }
    return out;
  }

  /** The page of a destination; 0 where there is none. */
  async #target(dest: unknown): Promise<number> {
    try {
      const found = typeof dest === 'string' ? await this.document.getDestination(dest) : dest;
      const first: unknown = Array.isArray(found) ? found[0] : null;
      const index = typeof first === 'number' ? first : first !== null && typeof first === 'object' ? await this.document.getPageIndex(first as Parameters<PDFDocumentProxy['getPageIndex']>[0]) : -1;
      return index >= 0 && index < this.count ? index + 1 : 0;
    } catch {
      return 0;
    }
  }
}
