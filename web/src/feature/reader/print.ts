/** A whole conversation on paper. */

/** Wait until the text of `many` messages stands in `scroller`, five seconds at most; then the browser asks what to print on. */
export async function printAll(scroller: HTMLElement | undefined, many: number): Promise<void> {
  for (let tries = 0; tries < 50; tries++) {
    await new Promise((done) => setTimeout(done, 100));
    const frames = [...(scroller?.querySelectorAll<HTMLElement>('.frame') ?? [])];
    if (frames.length >= many && frames.every((frame) => !frame.style.visibility)) break;
  }
  print();
}
