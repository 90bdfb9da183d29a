// Who is hired at the site of the stories (story.py).

export const COURIER = "1001";
export const CLERK = "2001";
export const PINS = { [COURIER]: "2468", [CLERK]: "1357" };
