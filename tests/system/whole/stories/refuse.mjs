// A citizen refuses a document, thinks again, refuses it all the same and puts it back; a clerk takes it out.

import { CLERK } from "./people.mjs";

export default async function (story) {
  const item = story.item(1);
  await story.announce(1, { phone: story.phone(1) });
  await story.load(item);

  await story.at("home");
  await story.type(story.code(1), "enter");
  await story.at("take");
  await story.tap("refuse");
  await story.at("refuse_ask");
  await story.says(/取件码马上失效/, /your code stops working at once/);
  await story.tap("back");
  await story.at("take");
  await story.tap("refuse");
  await story.at("refuse_ask");
  await story.tap("confirm");
  await story.at("give_back");
  await story.says(/放回 [^]*会退回办理单位/, /Put the document back[^]*goes back to the office/);
  await story.never("item.rejected", item);
  await story.shut();
  await story.at("notice");
  await story.looks("good");
  await story.says(/已拒收/, /has been refused/);
  await story.event("item.rejected", { item });
  await story.custody(item, "in_locker");
  await story.tap("done");

  await story.at("home");
  await story.type(story.code(1), "enter");
  await story.at("notice");
  await story.says(/已拒收[^]*取件码已失效/, /has been refused[^]*does not work any more/);
  await story.tap("done");

  await story.signIn(CLERK);
  await story.tap("recall");
  await story.at("recall_list");
  await story.says(/拒收/, /Refused/);
  await story.tap("recall-" + item);
  await story.at("recall_take");
  await story.take(item);
  await story.at("recall_taken");
  await story.event("item.returned", { item });
  await story.custody(item, "returned");
  await story.tap("sign_out");
  await story.at("home");
}
