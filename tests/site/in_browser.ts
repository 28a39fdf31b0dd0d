/**
 * The site in real browsers. site_test.ts runs these tests in a process that may do all, which playwright needs; they share one build
 * of the site.
 */
import "./in_browser/firefox.ts";
import "./in_browser/models.ts";
import "./in_browser/pages.ts";
import "./in_browser/trouble.ts";
