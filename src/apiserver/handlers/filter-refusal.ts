import { StatusError } from "../../apimachinery/index.ts";

/** What is refused before any handler is asked; browsers are told to take the answer for what it says it is. */
export class FilterRefusal extends StatusError {}
