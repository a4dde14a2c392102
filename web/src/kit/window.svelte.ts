/** How much room there is: a telephone shows one pane at a time, and columns need width. */
const wide = matchMedia('(min-width: 1100px)');
const phone = matchMedia('(max-width: 700px)');

class Room {
  isWide = $state(wide.matches);
  isPhone = $state(phone.matches);

  constructor() {
    wide.addEventListener('change', () => (this.isWide = wide.matches));
    phone.addEventListener('change', () => (this.isPhone = phone.matches));
  }
}

export const room = new Room();
