/** How much room there is: a telephone shows one pane at a time, and columns need width. */
const wide = matchMedia('(min-width: 1100px)');
const phone = matchMedia('(max-width: 700px)');

class Room {
  isWide = $state(wide.matches);
  isPhone = $state(phone.matches);

  constructor() {
    // A sheet of paper is narrower than the window: what is printed stays as it is, or the text of the mail would be loaded anew meanwhile.
    for (const media of [wide, phone]) media.addEventListener('change', () => matchMedia('print').matches || ((this.isWide = wide.matches), (this.isPhone = phone.matches)));
  }
}

export const room = new Room();
