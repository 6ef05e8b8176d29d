import type { Question } from "@holdfast/protocol";
import type { Sql } from "../sql.ts";
import { type RequestRow, toRequest } from "./request.ts";

export function questionData(question: Question): string {
  const { agent, message, fields, url, call, answer, expiry } = question;
  return JSON.stringify({ agent, message, fields, url, call, answer, expiry });
}

export const toQuestion = (sql: Sql, row: RequestRow): Question => toRequest<Question>(sql, row);
