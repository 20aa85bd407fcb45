/** Puts a style sheet into the editor's page, once. */
export function addStyle(id: string, css: string): void {
  if (document.getElementById(id)) return;
  $('<style>').attr('id', id).text(css).appendTo(document.head);
}
